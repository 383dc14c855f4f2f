int doubled(int v) { return v + v; }
