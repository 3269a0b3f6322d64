const RUNTIME = /^(nodejs|python|process)_/;

/**
 * Every metric of a scrape in Prometheus's text format, with its type and the names of its labels:
 * `counter {method,path,status}`. Without a sample, a metric's labels are not known: `histogram {?}`. Those of the runtime's
 * own come and go with what it happens to do, and are left out.
 */
export function readMetricNames(exposition: string): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [, name = '', list = ''] of exposition.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /gm)) {
    const names = [...list.matchAll(/(?:^|,)(\w+)="/g)].map(([, label]) => String(label));
    labels.set(
      name,
      names
        .filter((label) => label !== 'le' && label !== 'quantile')
        .sort()
        .join(','),
    );
  }
  const types = [...exposition.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Map(
    types.map(([, name = '', type = '']) => {
      if (RUNTIME.test(name)) return [name, type];
      const found = labels.get(name) ?? labels.get(`${name}_count`) ?? labels.get(`${name}_total`);
      return [name, `${type} {${found ?? '?'}}`];
    }),
  );
}
