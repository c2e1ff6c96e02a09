/** Which edge instances want which topics of one partition. */
export class InterestTable {
  private readonly byTopic = new Map<string, Set<string>>();
  private readonly byEdge = new Map<string, Set<string>>();

  /** The field of a wish in the partition's interest hash. */
  static field(edge: string, topic: string): string {
    return `${edge} ${topic}`;
  }

  static parse(field: string): [edge: string, topic: string] {
    const space = field.indexOf(" ");
    return [field.slice(0, space), field.slice(space + 1)];
  }

  get edges(): IterableIterator<string> {
    return this.byEdge.keys();
  }

  edgesFor(topic: string): ReadonlySet<string> | undefined {
    return this.byTopic.get(topic);
  }

  topicsOf(edge: string): ReadonlySet<string> | undefined {
    return this.byEdge.get(edge);
  }

  add(edge: string, topic: string): void {
    let edges = this.byTopic.get(topic);
    if (edges === undefined) this.byTopic.set(topic, (edges = new Set()));
    edges.add(edge);
    let topics = this.byEdge.get(edge);
    if (topics === undefined) this.byEdge.set(edge, (topics = new Set()));
    topics.add(topic);
  }

  remove(edge: string, topic: string): void {
    const edges = this.byTopic.get(topic);
    edges?.delete(edge);
    if (edges?.size === 0) this.byTopic.delete(topic);
    const topics = this.byEdge.get(edge);
    topics?.delete(topic);
    if (topics?.size === 0) this.byEdge.delete(edge);
  }

  /** Forgets an edge. @returns the topics it wanted */
  drop(edge: string): string[] {
    const topics = [...(this.byEdge.get(edge) ?? [])];
    for (const topic of topics) this.remove(edge, topic);
    return topics;
  }
}
