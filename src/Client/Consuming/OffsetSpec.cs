using Loire.Model;

namespace Loire.Client;

/// <summary>A position to start from: an offset, an end of the partition, or a moment.</summary>
public readonly record struct OffsetSpec
{
    private OffsetSpec(OffsetSpecKind kind, long value) => (Kind, Value) = (kind, value);

    /// <summary>The first offset that can be read.</summary>
    public static OffsetSpec Beginning { get; } = new(OffsetSpecKind.Beginning, 0);

    /// <summary>Behind the last record at the moment of the call.</summary>
    public static OffsetSpec End { get; } = new(OffsetSpecKind.End, 0);

    internal OffsetSpecKind Kind { get; }

    internal long Value { get; }

    /// <summary>An offset, at least 0.</summary>
    public static OffsetSpec At(Offset offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset.Value);
        return new OffsetSpec(OffsetSpecKind.Offset, offset.Value);
    }

    /// <summary>The first record that is not older than a moment; the end if all are.</summary>
    public static OffsetSpec AtTime(DateTimeOffset time) => new(OffsetSpecKind.Time, time.ToUnixTimeMilliseconds());
}

/// <summary>The kinds of <see cref="OffsetSpec"/>.</summary>
internal enum OffsetSpecKind
{
    Offset,
    Beginning,
    End,
    Time,
}
