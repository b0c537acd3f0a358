namespace Loire.Grains.Groups;

/// <summary>What all brokers of the cluster read, so that a group may store it.</summary>
/// <param name="AreTransactionsAllowed">Whether they read the records of transactions.</param>
/// <param name="AreClassicGroupsAllowed">Whether they read those of classic members.</param>
internal sealed record GroupFeatures(Func<ValueTask<bool>> AreTransactionsAllowed, Func<ValueTask<bool>> AreClassicGroupsAllowed);
