using Avro;

namespace Loire.Client.Avro;

/// <summary>
/// Schema ids of one process, counted from 1. A schema has the same id in all subjects. Schemas that differ only in logical types or
/// defaults are different schemas here.
/// </summary>
public sealed class InMemorySchemaIds : ISchemaIds
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _ids = [];
    private readonly List<Schema> _schemas = [];

    /// <inheritdoc/>
    public ValueTask<int> RegisterAsync(string subject, Schema schema, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var text = schema.ToString();
        lock (_lock)
        {
            if (!_ids.TryGetValue(text, out var id))
            {
                _schemas.Add(schema);
                _ids.Add(text, id = _schemas.Count);
            }

            return ValueTask.FromResult(id);
        }
    }

    /// <inheritdoc/>
    public ValueTask<Schema?> FindAsync(int id, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(id >= 1 && id <= _schemas.Count ? _schemas[id - 1] : null);
        }
    }
}
