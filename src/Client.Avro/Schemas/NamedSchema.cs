namespace Loire.Client.Avro;

/// <summary>A schema with a name: a record, an enum or a fixed.</summary>
public abstract class NamedSchema : AvroSchema
{
    private protected NamedSchema(AvroType type, AvroName name, IReadOnlyList<AvroName> aliases, string? documentation)
        : base(type) => (Name, Aliases, Documentation) = (name, aliases, documentation);

    /// <summary>Its name.</summary>
    public AvroName Name { get; }

    /// <summary>Other names under which data of it may have been written.</summary>
    public IReadOnlyList<AvroName> Aliases { get; }

    /// <summary>What it is for; null if the schema does not say.</summary>
    public string? Documentation { get; }

    internal override string Label => $"{TypeName} {Name}";

    /// <summary>
    /// Whether the data may be of this type: the last parts of the names are equal, or an alias is the other's full name.
    /// </summary>
    internal bool Answers(NamedSchema writer) => Name.Local == writer.Name.Local || Aliases.Contains(writer.Name);
}

/// <summary>A record.</summary>
public sealed class RecordSchema : NamedSchema
{
    private readonly Dictionary<string, int> _positions = new(StringComparer.Ordinal);

    internal RecordSchema(AvroName name, IReadOnlyList<AvroName> aliases, string? documentation)
        : base(AvroType.Record, name, aliases, documentation)
    {
    }

    /// <summary>Its fields in the order in which they are written.</summary>
    public IReadOnlyList<RecordField> Fields { get; private set; } = [];

    /// <summary>The position of a field by its name; −1 if there is none.</summary>
    public int PositionOf(string field) => _positions.GetValueOrDefault(field, -1);

    /// <summary>Set once, after the record has its name, because fields may refer to the record.</summary>
    internal void SetFields(IReadOnlyList<RecordField> fields)
    {
        Fields = fields;
        for (var i = 0; i < fields.Count; i++)
        {
            _positions.Add(fields[i].Name, i);
        }
    }
}

/// <summary>An enum.</summary>
public sealed class EnumSchema : NamedSchema
{
    private readonly Dictionary<string, int> _positions = new(StringComparer.Ordinal);

    internal EnumSchema(
        AvroName name, IReadOnlyList<AvroName> aliases, string? documentation, IReadOnlyList<string> symbols, string? defaultSymbol)
        : base(AvroType.Enum, name, aliases, documentation)
    {
        (Symbols, DefaultSymbol) = (symbols, defaultSymbol);
        for (var i = 0; i < symbols.Count; i++)
        {
            _positions.Add(symbols[i], i);
        }
    }

    /// <summary>The symbols in their order; data holds the number of one of them.</summary>
    public IReadOnlyList<string> Symbols { get; }

    /// <summary>What a symbol is read as that this schema does not know; null if that is an error.</summary>
    public string? DefaultSymbol { get; }

    /// <summary>The number of a symbol; −1 if there is none.</summary>
    public int PositionOf(string symbol) => _positions.GetValueOrDefault(symbol, -1);
}

/// <summary>A fixed.</summary>
public sealed class FixedSchema : NamedSchema
{
    internal FixedSchema(AvroName name, IReadOnlyList<AvroName> aliases, string? documentation, int size)
        : base(AvroType.Fixed, name, aliases, documentation) => Size = size;

    /// <summary>How many bytes every value has.</summary>
    public int Size { get; }
}
