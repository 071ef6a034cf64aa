import { render } from "preact";
import { follow } from "./address";
import { Router } from "./router";
import "./studio.css";

follow();
render(<Router />, document.getElementById("app")!);
