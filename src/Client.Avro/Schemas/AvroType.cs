namespace Loire.Client.Avro;

/// <summary>The types of the Avro specification.</summary>
public enum AvroType
{
    /// <summary>No value.</summary>
    Null,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>32 bits, signed.</summary>
    Int,

    /// <summary>64 bits, signed.</summary>
    Long,

    /// <summary>IEEE 754, 32 bits.</summary>
    Float,

    /// <summary>IEEE 754, 64 bits.</summary>
    Double,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>Unicode text.</summary>
    String,

    /// <summary>Named fields.</summary>
    Record,

    /// <summary>One of a list of symbols.</summary>
    Enum,

    /// <summary>Values of one schema.</summary>
    Array,

    /// <summary>Values of one schema by text.</summary>
    Map,

    /// <summary>A value of one of several schemas.</summary>
    Union,

    /// <summary>A fixed number of bytes.</summary>
    Fixed,
}
