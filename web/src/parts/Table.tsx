import type { ComponentChildren } from "preact";

/** Rows under the names of their columns, if these have names. */
export function Table({ columns, children }: { columns?: readonly string[]; children: ComponentChildren }) {
  return (
    <table>
      {columns && (
        <thead>
          <tr>{columns.map((name) => <th key={name}>{name}</th>)}</tr>
        </thead>
      )}
      <tbody>{children}</tbody>
    </table>
  );
}
