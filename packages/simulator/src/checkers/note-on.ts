/**
 * What a checker remembers of a production object for as long as that lives: a property of the object itself, under a
 * symbol that nobody else has. A WeakMap would do the same; of millions of short-lived keys it cost a tenth of a run.
 */
export class NoteOn<Owner extends object, Note> {
  private readonly key = Symbol('a note of a checker');

  get(owner: Owner): Note | undefined {
    return (owner as Annotated<Note>)[this.key];
  }

  set(owner: Owner, note: Note): void {
    (owner as Annotated<Note>)[this.key] = note;
  }
}

interface Annotated<Note> {
  [key: symbol]: Note | undefined;
}
