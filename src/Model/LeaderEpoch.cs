namespace Loire.Model;

/// <summary>
/// Counts the leaders that a partition has had. Every write carries the epoch of its writer, and storage refuses a lower one, so that
/// of two activations that both believe they lead only the newer can append.
/// </summary>
/// <param name="Value">0 for the first leader; grows by one with each.</param>
[GenerateSerializer, Immutable, Alias("loire.LeaderEpoch")]
public readonly record struct LeaderEpoch([property: Id(0)] int Value) : IComparable<LeaderEpoch>
{
    /// <summary>Before any leader, as Kafka's −1.</summary>
    public static readonly LeaderEpoch None = new(-1);

    /// <summary>The epoch of the next leader.</summary>
    public LeaderEpoch Next => new(checked(Value + 1));

    /// <summary>Whether <paramref name="left"/> is older.</summary>
    public static bool operator <(LeaderEpoch left, LeaderEpoch right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is newer.</summary>
    public static bool operator >(LeaderEpoch left, LeaderEpoch right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is not newer.</summary>
    public static bool operator <=(LeaderEpoch left, LeaderEpoch right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is not older.</summary>
    public static bool operator >=(LeaderEpoch left, LeaderEpoch right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(LeaderEpoch other) => Value.CompareTo(other.Value);

    /// <summary>The epoch as a decimal number.</summary>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
