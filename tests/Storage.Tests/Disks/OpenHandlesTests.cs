using Loire.Storage.Disk;

namespace Loire.Storage.Tests.Disks;

/// <summary>A directory with many files needs few handles.</summary>
public sealed class OpenHandlesTests : IDisposable
{
    private const int Files = 10;
    private const int Max = 3;

    private readonly TemporaryDirectory _temporary = new();
    private readonly DiskDirectory _directory;
    private readonly IStoreFile[] _files;

    public OpenHandlesTests()
    {
        _directory = DiskDirectory.Take(_temporary.Path, Max);
        _files = [.. Enumerable.Range(0, Files).Select(number => _directory.Create($"{number}.store"))];
    }

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }

        _directory.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public void Files_that_are_synced_are_closed_and_opened_again_when_they_are_needed()
    {
        for (byte number = 0; number < Files; number++)
        {
            _files[number].Write([new byte[] { number }], 0);
            _files[number].Sync();
        }

        Assert.InRange(OpenFiles().Count, 1, Max);
        for (byte number = 0; number < Files; number++)
        {
            Assert.Equal(number, Read(number));
            Assert.Equal(1, _files[number].Length);
            Assert.InRange(OpenFiles().Count, 1, Max);
        }

        _files[0].Write([new byte[] { 77 }], 0);
        Assert.Equal(77, Read(0));
    }

    [Fact]
    public void A_file_with_bytes_that_are_not_synced_keeps_its_handle_since_another_one_would_not_learn_of_their_loss()
    {
        _files[4].Write([new byte[] { 4 }], 0);
        for (var number = 5; number < Files; number++)
        {
            _files[number].Sync();
        }

        Assert.Contains("4.store", OpenFiles());
        _files[4].Sync();
        for (var number = 5; number < Files; number++)
        {
            _ = _files[number].Length;
        }

        Assert.DoesNotContain("4.store", OpenFiles());
    }

    [Fact]
    public void A_file_that_is_closed_for_good_stays_closed()
    {
        _files[2].Dispose();
        Assert.Throws<ObjectDisposedException>(() => _files[2].Read(new byte[1], 0));
        Assert.DoesNotContain("2.store", OpenFiles());
    }

    [Fact]
    public void A_file_that_has_vanished_fails_with_the_stores_exception()
    {
        _directory.Delete("0.store");
        for (var number = 1; number < Files; number++)
        {
            _ = _files[number].Length;
        }

        Assert.Throws<DiskException>(() => _files[0].Read(new byte[1], 0));
    }

    [Fact]
    public async Task Threads_that_read_all_files_at_once_never_read_from_a_handle_that_was_closed_under_them()
    {
        for (byte number = 0; number < Files; number++)
        {
            _files[number].Write([new byte[] { number }], 0);
            _files[number].Sync();
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 2_000; i++)
            {
                var number = (byte)random.Next(Files);
                Assert.Equal(number, Read(number));
            }
        })));
        Assert.InRange(OpenFiles().Count, 1, Max);
    }

    private byte Read(int number)
    {
        var into = new byte[1];
        Assert.Equal(1, _files[number].Read(into, 0));
        return into[0];
    }

    /// <summary>The names of the directory's files of which this process has a handle.</summary>
    private List<string> OpenFiles() =>
    [
        .. Directory.GetFiles("/proc/self/fd").Select(TargetOf).OfType<string>()
            .Where(target => target.StartsWith(_temporary.Path, StringComparison.Ordinal) && target.EndsWith(".store", StringComparison.Ordinal))
            .Select(target => Path.GetFileName(target)),
    ];

    private static string? TargetOf(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName;
        }
        catch (IOException)
        {
            // Another test has closed it.
            return null;
        }
    }
}
