using System.Globalization;

namespace Loire.Model.Transactions;

/// <summary>An idempotent producer: an id that is given once, and an epoch that fences earlier users of the id.</summary>
/// <param name="Id">The producer id; at least 0.</param>
/// <param name="Epoch">The epoch; at least 0.</param>
[GenerateSerializer, Immutable, Alias("loire.ProducerIdentity")]
public readonly record struct ProducerIdentity([property: Id(0)] long Id, [property: Id(1)] short Epoch)
{
    /// <summary>No producer: id and epoch −1, as on Kafka's wire.</summary>
    public static readonly ProducerIdentity None = new(-1, -1);

    /// <summary>The id and the epoch, as <c>7:0</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id}:{Epoch}");
}
