using Loire.TestKit;

namespace Loire.Log.Tests.Audits;

/// <summary>What an audit of a store names, and what it does not.</summary>
public class LogAuditTests
{
    private const string Partition = "0123456789abcdef0123456789abcdef/0";

    [Fact]
    public void Logs_that_live_have_no_findings_whether_they_are_in_use_or_not() => StoreBench.Run(async bench =>
    {
        await bench.FillAsync(Partition);
        var journal = await bench.OpenAsync("group/a.b/c");
        for (var i = 0; i < 40; i++)
        {
            Assert.Equal(ErrorCode.None, await StoreBench.AppendAsync(journal, $"record {i}"));
            Assert.Empty(await bench.FindAsync());
            if (journal.WantsSnapshot)
            {
                Assert.Equal(ErrorCode.None, await journal.SnapshotAsync(new byte[10]));
            }

            Assert.Empty(await bench.FindAsync());
        }
    });

    [Fact]
    public void Each_object_that_is_missing_is_named_unless_only_readers_of_its_content_would_miss_it() => StoreBench.Run(async bench =>
    {
        await bench.FillAsync(Partition);
        await bench.FillAsync("catalog");
        Assert.Contains(bench.Store.Keys, key => key.Contains("/part/", StringComparison.Ordinal));
        foreach (var key in bench.Store.Keys)
        {
            var (bytes, id) = (bench.Store.Find(key), key["loire|".Length..]);
            bench.Store.Replace(key, null);
            var findings = await bench.FindAsync();
            if (key.EndsWith("/head", StringComparison.Ordinal))
            {
                Assert.True(findings.Count > 1 && findings.TrueForAll(found => found.StartsWith("Leaked", StringComparison.Ordinal)), key);
            }
            else if (!key.EndsWith("/chunk/0000000000000000", StringComparison.Ordinal))
            {
                Assert.Contains(findings, found => found.StartsWith("Missing", StringComparison.Ordinal) && found.EndsWith($" {id}", StringComparison.Ordinal));
            }

            bench.Store.Replace(key, bytes);
        }

        Assert.Empty(await bench.FindAsync());
    });

    [Fact]
    public void Objects_that_no_head_accounts_for_are_named() => StoreBench.Run(async bench =>
    {
        const string other = "00112233445566778899aabbccddeeff";
        await bench.FillAsync(Partition);
        Assert.Equal(ErrorCode.None, await StoreBench.AppendAsync(await bench.OpenAsync("topic/a.b"), "x"));
        bench.Store.Replace($"loire|log/topic/a=2Eb/{other}/chunk/0000000000000005", [1]);
        bench.Store.Replace("loire|log/fedcba9876543210fedcba9876543210/3/chunk/0000000000000002", [1]);
        bench.Store.Replace($"loire|log/{Partition}/part/000000000001-0009", [1]);
        Assert.Equal(
            [
                $"Unlisted {Partition} log/{Partition}/part/000000000001-0009",
                "Leaked fedcba9876543210fedcba9876543210/3 log/fedcba9876543210fedcba9876543210/3/chunk/0000000000000002",
                $"Leaked topic/a.b log/topic/a=2Eb/{other}/chunk/0000000000000005",
            ],
            await bench.FindAsync());
    });

    [Fact]
    public void Head_that_cannot_be_read_and_a_deletion_that_was_broken_off_are_named() => StoreBench.Run(async bench =>
    {
        await bench.FillAsync(Partition);
        bench.Script.On(call => call.Operation == StorageOperation.Clear, StorageFault.Refuse(new UnauthorizedAccessException()), 1_000);
        Assert.NotEqual(ErrorCode.None, await bench.NewLog(Partition).DeleteAsync(default));
        Assert.Equal([$"BeingDeleted {Partition} log/{Partition}/head"], await bench.FindAsync());
        bench.Damage($"loire|log/{Partition}/head");
        Assert.Equal([$"Unreadable {Partition} log/{Partition}/head"], await bench.FindAsync());
    });
}
