namespace Loire.Model;

/// <summary>A moment in milliseconds since 1970-01-01T00:00:00Z, the unit of record timestamps.</summary>
/// <param name="Milliseconds">At least 0, or −1 for <see cref="None"/>.</param>
[GenerateSerializer, Immutable, Alias("loire.Timestamp")]
public readonly record struct Timestamp([property: Id(0)] long Milliseconds) : IComparable<Timestamp>
{
    /// <summary>Marks the absence of a timestamp, as Kafka's −1 does.</summary>
    public static readonly Timestamp None = new(-1);

    /// <summary>The millisecond that contains <paramref name="time"/>.</summary>
    public static Timestamp From(DateTimeOffset time) => new(time.ToUnixTimeMilliseconds());

    /// <summary>Whether <paramref name="left"/> is earlier.</summary>
    public static bool operator <(Timestamp left, Timestamp right) => left.Milliseconds < right.Milliseconds;

    /// <summary>Whether <paramref name="left"/> is later.</summary>
    public static bool operator >(Timestamp left, Timestamp right) => left.Milliseconds > right.Milliseconds;

    /// <summary>Whether <paramref name="left"/> is not later.</summary>
    public static bool operator <=(Timestamp left, Timestamp right) => left.Milliseconds <= right.Milliseconds;

    /// <summary>Whether <paramref name="left"/> is not earlier.</summary>
    public static bool operator >=(Timestamp left, Timestamp right) => left.Milliseconds >= right.Milliseconds;

    /// <inheritdoc/>
    public int CompareTo(Timestamp other) => Milliseconds.CompareTo(other.Milliseconds);
}
