const WIDE = 12;
const HIGH = 40;

/** A bar for each value, the largest as high as the chart. */
export function Bars({ values, label }: { values: readonly (readonly [name: string, value: number])[]; label: string }) {
  const most = Math.max(1, ...values.map(([, value]) => value));
  const high = (value: number) => ((HIGH - 2) * value) / most;
  return (
    <svg class="days" viewBox={`0 0 ${values.length * WIDE} ${HIGH}`} role="img" aria-label={label}>
      {values.map(([name, value], k) => (
        <rect key={name} x={k * WIDE} y={HIGH - high(value)} width={WIDE - 2} height={high(value)}>
          <title>{`${name}: ${value}`}</title>
        </rect>
      ))}
    </svg>
  );
}
