import type { Work } from "../../../api/client";
import { Table } from "../../../parts/Table";
import { project } from "../../../store/project";
import { words } from "../../../strings";

/** Everybody who works here, also those who have not begun. */
function rows(found: Work, people: readonly string[]): Work["people"] {
  const known = new Set(found.people.map((person) => person.name));
  const waiting = people.filter((name) => !known.has(name));
  return [...found.people, ...waiting.map((name) => ({ name, role: null, gestures: 0, seconds: 0, clicks: 0, finished: 0, assigned: 0 }))];
}

/** Who has which images, and did what. */
export const People = ({ found }: { found: Work }) => (
  <Table columns={words.peopleColumns}>
    {rows(found, project.value?.people ?? []).map((person) => (
      <tr key={person.name} data-person={person.name}>
        <td>{person.name}</td><td>{person.assigned}</td><td>{person.finished}</td><td>{person.gestures}</td><td>{person.clicks}</td><td>{(person.seconds / 60).toFixed(1)}</td><td>{person.role ?? "–"}</td>
      </tr>
    ))}
  </Table>
);
