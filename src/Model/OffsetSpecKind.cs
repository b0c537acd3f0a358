namespace Loire.Model;

/// <summary>The kinds of an <see cref="OffsetSpec"/>. The numbers are stored in the settings of server-side consumers.</summary>
public enum OffsetSpecKind
{
    /// <summary>After the last readable record.</summary>
    Latest = 0,

    /// <summary>The first readable record.</summary>
    Earliest = 1,

    /// <summary>No position: reading fails with <see cref="ErrorCode.OffsetOutOfRange"/>.</summary>
    None = 2,

    /// <summary>An offset.</summary>
    Offset = 3,

    /// <summary>The first record at or after a time; the end if all are older.</summary>
    Time = 4,

    /// <summary>A number of offsets after the committed one, or before it if negative.</summary>
    Shift = 5,
}
