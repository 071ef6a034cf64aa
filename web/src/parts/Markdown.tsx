import { lexer, type Token, type Tokens } from "marked";
import type { ComponentChildren, JSX } from "preact";

/** What a link may lead to; everything else stays text. */
const LINKS = /^(https?:|mailto:)/i;
const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

const plain = (text: string) => text.replace(/&(\w+);/g, (all, name: string) => NAMED[name] ?? all);

/** Of an image that Markdown names, its address; null for one that is not to be shown. */
export type Addresses = (name: string) => string | null;

/**
 * Markdown as elements of the page: its text is only ever text, and HTML in it is shown as it is written.
 * Nothing is made from strings of HTML, so that there is nothing to clean.
 */
export function elements(text: string, image: Addresses): ComponentChildren {
  return all(lexer(text), image);
}

export function Markdown({ text, image }: { text: string; image: Addresses }) {
  return <div class="markdown">{elements(text, image)}</div>;
}

const all = (tokens: Token[] | undefined, image: Addresses): ComponentChildren[] => (tokens ?? []).map((token, k) => element(token, image, k));

function element(token: Token, image: Addresses, key: number): ComponentChildren {
  const inside = () => all((token as { tokens?: Token[] }).tokens, image);
  switch (token.type) {
    case "space": case "def":
      return null;
    case "heading": {
      // The page's own headings stand above: the first of a text is its third level.
      const Level = `h${Math.min(6, (token as Tokens.Heading).depth + 2)}` as "h3";
      return <Level key={key}>{inside()}</Level>;
    }
    case "paragraph":
      return <p key={key}>{inside()}</p>;
    case "strong":
      return <strong key={key}>{inside()}</strong>;
    case "em":
      return <em key={key}>{inside()}</em>;
    case "del":
      return <del key={key}>{inside()}</del>;
    case "br":
      return <br key={key} />;
    case "hr":
      return <hr key={key} />;
    case "codespan":
      return <code key={key}>{token.text}</code>;
    case "code":
      return <pre key={key}><code>{token.text}</code></pre>;
    case "blockquote":
      return <blockquote key={key}>{inside()}</blockquote>;
    case "list":
      return list(token as Tokens.List, image, key);
    case "checkbox":
      return <input key={key} type="checkbox" disabled checked={(token as { checked?: boolean }).checked ?? false} />;
    case "table":
      return table(token as Tokens.Table, image, key);
    case "link": {
      const { href } = token as Tokens.Link;
      return LINKS.test(href) ? <a key={key} href={href} target="_blank" rel="noopener noreferrer">{inside()}</a> : <span key={key}>{inside()}</span>;
    }
    case "image": {
      const { href, text } = token as Tokens.Image;
      const address = image(href);
      if (!address) return <span key={key} class="quiet">{text || href}</span>;
      return <a key={key} href={address} target="_blank" rel="noopener noreferrer"><img src={address} alt={text} loading="lazy" /></a>;
    }
    case "text":
      return "tokens" in token && token.tokens ? <span key={key}>{inside()}</span> : plain(token.text);
    case "escape":
      return token.text;
    default:
      return token.raw; // HTML, and whatever a later version of the parser knows
  }
}

function list(token: Tokens.List, image: Addresses, key: number): JSX.Element {
  const items = token.items.map((item, k) => <li key={k} class={item.task ? "task" : undefined}>{all(item.tokens, image)}</li>);
  return token.ordered ? <ol key={key} start={token.start === "" ? 1 : token.start}>{items}</ol> : <ul key={key}>{items}</ul>;
}

function table({ header, rows }: Tokens.Table, image: Addresses, key: number): JSX.Element {
  return (
    <table key={key}>
      <thead><tr>{header.map((cell, k) => <th key={k}>{all(cell.tokens, image)}</th>)}</tr></thead>
      <tbody>{rows.map((row, n) => <tr key={n}>{row.map((cell, k) => <td key={k}>{all(cell.tokens, image)}</td>)}</tr>)}</tbody>
    </table>
  );
}
