namespace Loire.Client.Avro;

/// <summary>What a value means beyond its Avro type.</summary>
public enum LogicalType
{
    /// <summary>Nothing more, or something that the specification does not know, which it says to ignore.</summary>
    None,

    /// <summary>A decimal number, on bytes or fixed: two's complement, big-endian, with the scale of the schema.</summary>
    Decimal,

    /// <summary>A UUID as text.</summary>
    Uuid,

    /// <summary>Days since 1970-01-01, on int.</summary>
    Date,

    /// <summary>Milliseconds since midnight, on int.</summary>
    TimeMillis,

    /// <summary>Microseconds since midnight, on long.</summary>
    TimeMicros,

    /// <summary>Milliseconds since 1970-01-01 UTC, on long.</summary>
    TimestampMillis,

    /// <summary>Microseconds since 1970-01-01 UTC, on long.</summary>
    TimestampMicros,

    /// <summary>Milliseconds since 1970-01-01 in a time zone nobody names, on long.</summary>
    LocalTimestampMillis,

    /// <summary>Microseconds since 1970-01-01 in a time zone nobody names, on long.</summary>
    LocalTimestampMicros,

    /// <summary>Months, days and milliseconds, on fixed of 12 bytes.</summary>
    Duration,
}
