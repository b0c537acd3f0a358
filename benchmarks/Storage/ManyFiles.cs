using System.Diagnostics;
using Loire.Storage.Disk;
using Loire.Storage.Format;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Storage.Benchmarks;

/// <summary>
/// What the store knows of itself at 100 GiB, 1 TiB and 4 TiB of objects of 4 MiB, without their bytes: the memory of it, and the processor time to
/// choose the files to reclaim, beside a look at every file.
/// </summary>
internal static class ManyFiles
{
    private const long FileBytes = 256L << 20;
    private const int ObjectsInFile = 63;
    private const uint ObjectBytes = 4 << 20;
    private const int SparseFiles = 8;
    private const int Searches = 2_000;

    public static Task RunAsync(string directory)
    {
        foreach (var gibibytes in (int[])[100, 1_024, 4_096])
        {
            Measure(directory, gibibytes);
        }

        return Task.CompletedTask;
    }

    private static void Measure(string directory, int gibibytes)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var store = new ObjectStore(
            new NoDirectory(), Guid.NewGuid(), new FileStoreOptions { Directory = directory }, NullLogger.Instance);
        var files = (int)((long)gibibytes << 30 >> 28);
        for (var number = 1; number <= files; number++)
        {
            var file = new StoreFile(number, null, 0, 40) { End = FileBytes };
            store.Files.Add(number, file);
            for (var i = 0; i < ObjectsInFile; i++)
            {
                store.Apply(Record(RecordKind.Put, number, i, (ulong)number * 1_000), Key(number, i), file);

                // As many deletes as there are puts, of objects that were written some time before.
                file.AddTombstone(Math.Max(1, number - 500 + (i / 8)), RecordHead.RecordBytes(Key(number, i).Length, 0));
            }
        }

        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        Stores.Print(
            $"{gibibytes:N0} GiB, {files:N0} files, {store.Index.Count:N0} objects: index / heap", $"{store.Index.Bytes / 1e6:F1} MB", $"{memory / 1e6:F1} MB",
            double.NaN, "");
        var random = new Random(1);
        Empty(Enumerable.Range(0, SparseFiles).Select(_ => random.Next(1, files)));
        var reclaimer = new Reclaimer(store, _ => { }, () => { }, () => { }, _ => { });
        var ours = Each(() => reclaimer.Candidates());
        var all = Each(() => store.Files.Values.Count(file => file.NeededShare(store.Files) < 0.5));
        Stores.Print($"  choosing files of {store.Sparse.Count} that are sparse / a look at each", $"{ours:F1} us", $"{all:F0} us", ours / all, "constant");
        Empty(Enumerable.Range(1, files / 3).Select(i => i * 2));
        ours = Each(() => reclaimer.Candidates());
        Stores.Print($"  choosing files of {store.Sparse.Count} that are sparse and wait", $"{ours:F1} us", $"{all:F0} us", ours / all, "");

        void Empty(IEnumerable<int> numbers)
        {
            foreach (var number in numbers)
            {
                for (var i = 0; i < ObjectsInFile * 2 / 3; i++)
                {
                    store.Apply(Record(RecordKind.Delete, files, i, ((ulong)number * 1_000) + 500), Key(number, i), store.Active);
                }
            }
        }
    }

    private static double Each<T>(Func<T> search)
    {
        search();
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        var searches = 0;
        while (searches < Searches && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(3))
        {
            search();
            searches++;
        }

        return (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / searches;
    }

    private static byte[] Key(int file, int number) => StoreKey.Encode("loire", Stores.Id(((long)file * ObjectsInFile) + number));

    private static RecordHead Record(RecordKind kind, int file, int number, ulong sequence)
    {
        var key = Key(file, number).Length;
        var length = kind == RecordKind.Put ? ObjectBytes : 0;
        return new RecordHead(
            kind, key, length, 0, sequence + (ulong)number, 40 + (number * RecordHead.RecordBytes(key, length)), 0, kind == RecordKind.Put ? 0u : 1u);
    }

    /// <summary>A directory that nothing is asked of.</summary>
    private sealed class NoDirectory : IStoreDirectory
    {
        public double? FreeShare => 0.5;

        public IReadOnlyList<string> List() => [];

        public IStoreFile Open(string name) => throw new NotSupportedException();

        public IStoreFile Create(string name) => throw new NotSupportedException();

        public void Rename(string from, string to) => throw new NotSupportedException();

        public void Delete(string name) => throw new NotSupportedException();

        public void Sync() => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
