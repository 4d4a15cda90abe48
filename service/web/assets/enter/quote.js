// Reads figures from the words of a statement. What cannot be read as a whole is not guessed.

import { post } from "./api.js";

const MAX_REQUESTS = 40;

// Sentences, and the parts of one that stand for themselves.
const SENTENCE_END = /(?<=[.!?…])\s+|\n+|\s*;\s*|\s+[—–]\s+|:\s+/u;
const CLAUSE_END = /,\s+(?:and\s+)?|\s+and\s+/iu;

function split(text, separator) {
  return text
    .split(separator)
    .map((part) => part.replace(/^[\s"“”„«»]+|[\s"“”„«».!…]+$/gu, ""))
    .filter(Boolean);
}

// Returns the figures that the text names, each with its words, and the parts that are not read.
export async function readQuote(quote) {
  let requests = 0;

  async function read(text) {
    if (requests === MAX_REQUESTS) return null;
    requests += 1;
    try {
      const { body } = await post("v1/wording", { text });
      return body.outcomes ? { wording: text, people: body.people } : null;
    } catch (problem) {
      if (problem.status === 422) return null;
      throw problem;
    }
  }

  // The clauses of a sentence count only if every one is a figure: else they depend on the others.
  async function readClauses(sentence) {
    const clauses = split(sentence, CLAUSE_END);
    if (clauses.length < 2) return [];
    const found = [];
    for (const clause of clauses) {
      const figure = await read(clause);
      if (!figure) return [];
      found.push(figure);
    }
    return found;
  }

  const figures = [];
  const unread = [];
  for (const sentence of split(quote, SENTENCE_END)) {
    const whole = await read(sentence);
    const found = whole ? [whole] : await readClauses(sentence);
    if (found.length) figures.push(...found);
    else unread.push(sentence);
  }
  return { figures, unread };
}
