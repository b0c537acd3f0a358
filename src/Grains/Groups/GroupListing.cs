using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>
/// The entry of one group in the catalog of groups. It precedes the group's first record: the sweep finds a group that is listed and does
/// not exist, but nothing would find one that exists and is not listed. Changes of the entry are made one at a time, and the entry is not
/// removed while a request may still create the group. Not thread-safe: used in turns of the driver.
/// </summary>
/// <param name="group">The group.</param>
/// <param name="peers">Calls the catalog.</param>
internal sealed class GroupListing(GroupId group, IGroupPeers peers)
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _creations;

    /// <summary>Whether the group is in the catalog, as far as this activation knows.</summary>
    public bool IsListed { get; set; }

    /// <summary>
    /// Adds the entry unless it is known to exist. Unless that fails, <see cref="EndCreation"/> follows when the group has its record, or
    /// does not get one.
    /// </summary>
    public async Task<ErrorCode> BeginCreationAsync()
    {
        _creations++;
        var error = IsListed ? ErrorCode.None : await InTurnAsync(async () => IsListed ? ErrorCode.None : await AddAsync());
        _creations -= error == ErrorCode.None ? 0 : 1;
        return error;
    }

    /// <summary>The request that began a creation has ended.</summary>
    public void EndCreation() => _creations--;

    /// <summary>Adds the entry again: a removal by an earlier activation may have taken effect late.</summary>
    public Task<ErrorCode> ConfirmAsync() => InTurnAsync(AddAsync);

    /// <summary>Removes the entry unless the group exists, or a request is about to create it.</summary>
    /// <param name="exists">Whether the group exists; evaluated when no other change of the entry is in progress.</param>
    public Task<ErrorCode> RemoveAsync(Func<bool> exists) => InTurnAsync(async () =>
    {
        if (_creations > 0 || exists())
        {
            return ErrorCode.None;
        }

        IsListed = false;
        return await peers.Record(group, exists: false);
    });

    private async Task<ErrorCode> AddAsync()
    {
        var error = await peers.Record(group, exists: true);
        IsListed |= error == ErrorCode.None;
        return error;
    }

    private async Task<ErrorCode> InTurnAsync(Func<Task<ErrorCode>> change)
    {
        await _turn.WaitAsync();
        try
        {
            return await change();
        }
        finally
        {
            _turn.Release();
        }
    }
}
