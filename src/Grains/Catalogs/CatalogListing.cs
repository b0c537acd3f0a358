namespace Loire.Grains.Catalogs;

/// <summary>
/// The entry of one id in its catalog. It precedes the id's first record: the sweep finds an id that is listed and does not exist, but nothing would
/// find one that exists and is not listed. Changes of the entry are made one at a time, and the entry is not removed while a request may still create
/// what it stands for. Not thread-safe: used in turns of the driver.
/// </summary>
/// <param name="record">Tells the catalog whether the entry is needed.</param>
internal sealed class CatalogListing(Func<bool, ValueTask<ErrorCode>> record)
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _creations;

    /// <summary>Whether the entry is in the catalog, as far as this activation knows.</summary>
    public bool IsListed { get; set; }

    /// <summary>
    /// Adds the entry unless it is known to exist. Unless that fails, <see cref="EndCreation"/> follows when what it stands for exists, or
    /// is not created.
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

    /// <summary>Removes the entry unless what it stands for exists, or a request is about to create it.</summary>
    /// <param name="exists">Whether it exists; evaluated when no other change of the entry is in progress.</param>
    public Task<ErrorCode> RemoveAsync(Func<bool> exists) => InTurnAsync(async () =>
    {
        if (_creations > 0 || exists())
        {
            return ErrorCode.None;
        }

        IsListed = false;
        return await record(false);
    });

    private async Task<ErrorCode> AddAsync()
    {
        var error = await record(true);
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
