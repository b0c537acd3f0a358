namespace Loire.Client.Avro;

/// <summary>An Avro schema, of version 1.11 of the specification. Cannot be changed; equal if the canonical forms are.</summary>
public abstract class AvroSchema : IEquatable<AvroSchema>
{
    private string? _canonicalForm;
    private AvroFingerprint? _fingerprint;

    private protected AvroSchema(AvroType type) => Type = type;

    /// <summary>The type.</summary>
    public AvroType Type { get; }

    /// <summary>What the value means; <see cref="LogicalType.None"/> where the specification says to ignore what the schema says.</summary>
    public LogicalType LogicalType { get; internal set; }

    /// <summary>Digits of a decimal, at least 1; 0 for everything else.</summary>
    public int Precision { get; internal set; }

    /// <summary>Digits of a decimal behind the point; 0 for everything else.</summary>
    public int Scale { get; internal set; }

    /// <summary>The Parsing Canonical Form: what matters for reading data, always in the same text.</summary>
    public string CanonicalForm => _canonicalForm ??= Avro.CanonicalForm.Of(this);

    /// <summary>The CRC-64-AVRO of the canonical form.</summary>
    public AvroFingerprint Fingerprint => _fingerprint ??= AvroFingerprint.Of(CanonicalForm);

    /// <summary>
    /// The text by which the schema is named where it does not fit: the type's name, or that of the record, enum or fixed.
    /// </summary>
    internal virtual string Label => LogicalType == LogicalType.None ? TypeName : $"{TypeName} ({LogicalTypes.Name(LogicalType)})";

    /// <summary>The type as schemas spell it.</summary>
    internal string TypeName => TypeNames.Of(Type);

    /// <summary>Reads a schema from its JSON.</summary>
    /// <exception cref="AvroSchemaException">It is no JSON, no schema, or beyond <see cref="AvroLimits"/>.</exception>
    public static AvroSchema Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return SchemaParser.Parse(json);
    }

    /// <summary>The schema as JSON, with everything that the specification knows; other attributes are not kept.</summary>
    public override string ToString() => SchemaWriter.Write(this);

    /// <inheritdoc/>
    public bool Equals(AvroSchema? other) => ReferenceEquals(this, other) || (other is not null && CanonicalForm == other.CanonicalForm);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AvroSchema);

    /// <inheritdoc/>
    public override int GetHashCode() => Fingerprint.GetHashCode();
}

/// <summary>null, boolean, int, long, float, double, bytes or string.</summary>
public sealed class PrimitiveSchema : AvroSchema
{
    internal PrimitiveSchema(AvroType type)
        : base(type)
    {
    }
}

/// <summary>An array.</summary>
public sealed class ArraySchema : AvroSchema
{
    private bool? _itemsMayBeEmpty;

    internal ArraySchema(AvroSchema items)
        : base(AvroType.Array) => Items = items;

    /// <summary>What it holds.</summary>
    public AvroSchema Items { get; }

    /// <summary>Whether an item may take no bytes.</summary>
    internal bool ItemsMayBeEmpty => _itemsMayBeEmpty ??= EmptyValues.MayHave(Items);

    internal override string Label => $"array of {Items.Label}";
}

/// <summary>A map.</summary>
public sealed class MapSchema : AvroSchema
{
    internal MapSchema(AvroSchema values)
        : base(AvroType.Map) => Values = values;

    /// <summary>What it holds for each key.</summary>
    public AvroSchema Values { get; }

    internal override string Label => $"map of {Values.Label}";
}

/// <summary>A union.</summary>
public sealed class UnionSchema : AvroSchema
{
    internal UnionSchema(IReadOnlyList<AvroSchema> branches)
        : base(AvroType.Union)
    {
        Branches = branches;
        for (var i = 0; i < branches.Count; i++)
        {
            NullBranch = branches[i].Type == AvroType.Null ? i : NullBranch;
        }
    }

    /// <summary>The schemas that a value may have; data holds the number of one of them.</summary>
    public IReadOnlyList<AvroSchema> Branches { get; }

    /// <summary>Which of them is null; −1 if none is.</summary>
    internal int NullBranch { get; } = -1;

    internal override string Label =>
        $"union of {string.Join(", ", Branches.Take(5).Select(branch => branch.Label))}{(Branches.Count > 5 ? " …" : "")}";
}
