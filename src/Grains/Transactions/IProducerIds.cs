namespace Loire.Grains.Transactions;

/// <summary>Gives ids to producers.</summary>
public interface IProducerIds
{
    /// <summary>Gives an id that no producer of the cluster has had.</summary>
    /// <returns>The id; −1 with an error. <see cref="ErrorCode.CoordinatorNotAvailable"/> while the store gives none: try again.
    /// <see cref="ErrorCode.UnsupportedVersion"/> if a later version gives ids in this cluster.</returns>
    ValueTask<(ErrorCode Error, long Id)> NextAsync();
}
