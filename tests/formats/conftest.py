"""Files that are long to write down."""

import numpy as np
import pytest


@pytest.fixture
def dicom_image():
    """Writes a CT slice of 6 x 8 pixels and gives its dataset."""

    def write(path, number: int, series: str):
        from pydicom.dataset import Dataset, FileMetaDataset
        from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

        one = Dataset()
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = CTImageStorage
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = "1.2.3", series, "1.2.5"
        one.PatientID = one.StudyID = "x"
        one.PatientName = "x^y"
        one.PatientBirthDate = one.PatientSex = one.AccessionNumber = one.StudyDate = one.StudyTime = ""
        one.Modality, one.InstanceNumber = "CT", number
        one.ReferringPhysicianName = one.Manufacturer = one.PositionReferenceIndicator = ""
        one.SeriesNumber = 1
        one.Rows, one.Columns = (6, 8)
        one.PixelSpacing, one.SliceThickness = [0.5, 0.5], 1
        one.ImagePositionPatient, one.ImageOrientationPatient = [0, 0, number], [1, 0, 0, 0, 1, 0]
        one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
        one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 16, 15, 0
        one.PixelData = np.full((6, 8), number, np.uint16).tobytes()
        one.save_as(path, enforce_file_format=True)
        return one

    return write
