using Loire.Log.Audits;
using Loire.Model;
using Orleans.Storage;

namespace Loire.Log.Tests.Lives;

/// <summary>
/// The life of a log, from its creation to its deletion, whose users try again whatever fails. Every kind of call that a log makes to its storage
/// is part of it.
/// </summary>
internal sealed class LogLife(LogUsers users)
{
    /// <summary>Two owners, one after the other, and a reader beside them.</summary>
    /// <param name="leaveParts">Called when an owner would leave parts behind if its process ended.</param>
    public async Task LiveAsync(Action? leaveParts = null)
    {
        var (first, reader) = (new PersistentOwner(users), new PersistentOwner(users));
        for (var i = 0; i < 10; i++)
        {
            await first.DoAsync("append", log => users.AppendAsync(log, i % 3 == 0 ? 600 : 1));
            if (i == 5)
            {
                await reader.ReadAsync("read beside the leader", async log => await log.EnsureNewestAsync(TimeSpan.Zero));
            }
        }

        await first.DoAsync("read", log => users.ReadAllAsync(log));
        await first.DoAsync("read the newest", async log => await log.EnsureNewestAsync(TimeSpan.Zero));
        await first.DoAsync("retention", log => users.RetainAsync(log, 2500));
        await first.DoAsync("compact", log => users.CompactAsync(log));
        await reader.ReadAsync("read what was moved", log => users.ReadAllAsync(log));
        leaveParts?.Invoke();

        // Another owner takes over, and the one before does not know.
        var second = new PersistentOwner(users);
        for (var i = 0; i < 6; i++)
        {
            await second.DoAsync("append", log => users.AppendAsync(log, i == 3 ? 600 : 1));
        }

        await first.StopAsync();
        await second.DoAsync("delete records", log => users.TrimAsync(log, new Offset(7)));
        await second.DoAsync("compact", log => users.CompactAsync(log));
        await second.DoAsync("merge", log => log.MergeAsync());
        await second.StopAsync();

        await reader.ReadAsync("read what was moved again", log => users.ReadAllAsync(log));
        await reader.ReadAsync("read the newest", async log =>
        {
            var error = await log.EnsureNewestAsync(TimeSpan.Zero);
            return error == ErrorCode.None ? await users.ReadAllAsync(log) : error;
        });
        await reader.StopAsync();
    }

    /// <summary>The log is deleted, and the store is swept after it.</summary>
    public async Task EndAsync(IGrainStorage storage, IObjectListing listing)
    {
        await new PersistentOwner(users).TryAsync("delete", () => users.New().DeleteAsync(CancellationToken.None));
        for (var i = 0; i < 2; i++)
        {
            try
            {
                await new LogSweep(listing, storage, users.Time).RunAsync(_ => Task.FromResult(true));
            }
            catch (Exception failure) when (failure is not Xunit.Sdk.XunitException)
            {
                // A listing that failed; the next sweep comes later.
            }
        }
    }
}
