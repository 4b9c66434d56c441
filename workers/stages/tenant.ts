import type { TenantStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';

/** Label that says whose entry it is; it is not sent. */
export const TENANT_LABEL = '__tenant_id__';

export function accessTenant({ label, source }: TenantStage): Access {
  const reads = label !== null ? [`l:${label}`] : source !== null ? [`x:${source}`] : [];
  return { reads, writes: [`l:${TENANT_LABEL}`], pure: true };
}

function readerOf({ label, source, value }: TenantStage): (entry: Entry) => string | undefined {
  if (label !== null) return (entry) => entry.labels.get(label);
  if (source !== null) return (entry) => entry.extracted.text(source);
  return () => value ?? undefined;
}

/** Says whose entry it is, by a label, an extracted value or the configuration. */
export function compileTenant(spec: TenantStage): Stage {
  const tenantOf = readerOf(spec);
  return {
    process(entry: Entry): boolean {
      const tenant = tenantOf(entry);
      if (tenant !== undefined && tenant !== '') entry.labels = entry.labels.with(TENANT_LABEL, tenant);
      return true;
    },
  };
}
