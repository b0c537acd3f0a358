using System.Collections.Immutable;

namespace Loire.Samples.Accounts;

/// <summary>What a payment does to one account.</summary>
/// <param name="Offset">The payment's offset in its partition.</param>
/// <param name="Cents">Negative if the account pays.</param>
[GenerateSerializer]
[Alias("Loire.Samples.Entry")]
public readonly record struct Entry([property: Id(0)] long Offset, [property: Id(1)] long Cents);

/// <summary>What the grain stores in one write.</summary>
[GenerateSerializer]
[Alias("Loire.Samples.AccountState")]
public sealed record AccountState
{
    [Id(0)]
    public long Balance { get; init; }

    [Id(1)]
    public long Entries { get; init; }

    /// <summary>For each partition whose payments have reached the account, the offset after the last of them.</summary>
    [Id(2)]
    public ImmutableDictionary<string, long> Next { get; init; } = ImmutableDictionary<string, long>.Empty;
}

[Alias("Loire.Samples.IAccountGrain")]
public interface IAccountGrain : IGrainWithStringKey
{
    /// <summary>Applies entries of one partition in the order of their offsets, except for those that were applied before.</summary>
    /// <remarks>A caller passes all entries that a payment has for the account in one call, and no later one before the call has succeeded.</remarks>
    /// <returns>The number of entries that were new.</returns>
    [Alias("Apply")]
    Task<int> ApplyAsync(string partition, Entry[] entries);

    [Alias("Get")]
    Task<AccountState> GetAsync();
}

public sealed class AccountGrain([PersistentState("account", "accounts")] IPersistentState<AccountState> account) : Grain, IAccountGrain
{
    public async Task<int> ApplyAsync(string partition, Entry[] entries)
    {
        var before = account.State;
        var position = before.Next.GetValueOrDefault(partition);
        var added = entries.Where(entry => entry.Offset >= position).ToArray();
        if (added.Length == 0)
        {
            return 0;
        }

        account.State = new AccountState
        {
            Balance = before.Balance + added.Sum(entry => entry.Cents),
            Entries = before.Entries + added.Length,
            Next = before.Next.SetItem(partition, added[^1].Offset + 1),
        };
        try
        {
            await account.WriteStateAsync();
            return added.Length;
        }
        catch
        {
            // Whether it was stored is unknown. The caller's next attempt must find what is stored, not what was meant to be: until the next
            // activation has read it, the old state. If that is outdated, its ETag is, too, and no write of it succeeds.
            account.State = before;
            DeactivateOnIdle();
            throw;
        }
    }

    public Task<AccountState> GetAsync() => Task.FromResult(account.State);
}
