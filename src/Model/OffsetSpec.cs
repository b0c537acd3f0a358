using System.Globalization;

namespace Loire.Model;

/// <summary>
/// Where to read a partition from: an offset, or a rule that the log, the clock or the committed offset turns into one. <c>default</c> is
/// <see cref="Latest"/>. Which kinds are legal depends on the place: a seek takes no <see cref="None"/>, only a reset of a group's offsets
/// takes a <see cref="Shift"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("loire.OffsetSpec")]
public readonly record struct OffsetSpec
{
    /// <summary>After the last record at the time when the specification is resolved.</summary>
    public static readonly OffsetSpec Latest;

    /// <summary>The first readable record.</summary>
    public static readonly OffsetSpec Earliest = new(OffsetSpecKind.Earliest, 0);

    /// <summary>No position: reading fails with <see cref="ErrorCode.OffsetOutOfRange"/>.</summary>
    public static readonly OffsetSpec None = new(OffsetSpecKind.None, 0);

    [Id(0)]
    private readonly OffsetSpecKind _kind;

    [Id(1)]
    private readonly long _number;

    private OffsetSpec(OffsetSpecKind kind, long number) => (_kind, _number) = (kind, number);

    /// <summary>The kind of specification.</summary>
    public OffsetSpecKind Kind => _kind;

    /// <summary>Depending on <see cref="Kind"/>, the offset, the time in Unix milliseconds or the shift in offsets; otherwise 0.</summary>
    public long Number => _number;

    /// <summary>Whether it is a reset policy for a partition without a usable position (<c>auto.offset.reset</c>).</summary>
    public bool IsReset => Kind is OffsetSpecKind.Latest or OffsetSpecKind.Earliest or OffsetSpecKind.None;

    /// <summary>Whether a reader can seek to it, since it can be resolved from the log alone.</summary>
    public bool IsPosition => Kind is OffsetSpecKind.Latest or OffsetSpecKind.Earliest or OffsetSpecKind.Offset or OffsetSpecKind.Time;

    /// <summary>An offset.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public static OffsetSpec At(Offset offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset.Value, nameof(offset));
        return new OffsetSpec(OffsetSpecKind.Offset, offset.Value);
    }

    /// <summary>The first record at or after a time; the end if all are older. A time before 1970 counts as 1970.</summary>
    public static OffsetSpec AtTime(Timestamp time) => new(OffsetSpecKind.Time, Math.Max(0, time.Milliseconds));

    /// <inheritdoc cref="AtTime(Timestamp)"/>
    public static OffsetSpec AtTime(DateTimeOffset time) => AtTime(Timestamp.From(time));

    /// <summary>A number of offsets after the committed one, or before it if negative.</summary>
    public static OffsetSpec Shift(long by) => new(OffsetSpecKind.Shift, by);

    /// <summary>
    /// Parses <c>latest</c>, <c>earliest</c>, <c>none</c> or a nonnegative offset; case-sensitive. The caller checks whether it allows the
    /// kind.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out OffsetSpec spec)
    {
        var isOffset = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset);
        spec = text switch
        {
            "earliest" => Earliest,
            "none" => None,
            _ => isOffset ? At(offset) : Latest,
        };
        return isOffset || spec != Latest || text is "latest";
    }

    /// <summary>The text form of <see cref="TryParse"/>; a time as <c>timestamp</c> and milliseconds, a shift with its sign.</summary>
    public override string ToString() => Kind switch
    {
        OffsetSpecKind.Latest => "latest",
        OffsetSpecKind.Earliest => "earliest",
        OffsetSpecKind.None => "none",
        OffsetSpecKind.Offset => Number.ToString(CultureInfo.InvariantCulture),
        OffsetSpecKind.Time => string.Create(CultureInfo.InvariantCulture, $"timestamp {Number}"),
        _ => Number.ToString("+0;-0;+0", CultureInfo.InvariantCulture),
    };
}
