namespace Loire.Client.Avro;

/// <summary>A field of a record.</summary>
public sealed class RecordField
{
    internal RecordField(
        string name, AvroSchema schema, IReadOnlyList<string> aliases, string? documentation, string? order, string? defaultJson)
        => (Name, Schema, Aliases, Documentation, Order, DefaultJson) = (name, schema, aliases, documentation, order, defaultJson);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it holds.</summary>
    public AvroSchema Schema { get; }

    /// <summary>Other names under which data of it may have been written.</summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary>What it is for; null if the schema does not say.</summary>
    public string? Documentation { get; }

    /// <summary>What is read where the writer's schema has no such field, as JSON; null if that is an error.</summary>
    public string? DefaultJson { get; }

    /// <summary>How it sorts, if the schema says so. Loire does not sort.</summary>
    internal string? Order { get; }

    /// <summary>The default value as it would be written; null if there is none.</summary>
    internal byte[]? Default { get; set; }
}
