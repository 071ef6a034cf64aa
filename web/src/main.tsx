import { render } from "preact";
import "./studio.css";
import { App } from "./views/App";

render(<App />, document.getElementById("app")!);
