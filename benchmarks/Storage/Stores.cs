using Loire.Log;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Storage.Benchmarks;

/// <summary>Opens stores and writes objects to them.</summary>
internal static class Stores
{
    public static Task<FileGrainStorage> OpenAsync(string directory)
        => FileGrainStorage.OpenAsync(new FileStoreOptions { Directory = Path.Combine(directory, "store") }, TimeProvider.System, NullLogger.Instance);

    public static GrainId Id(long number) => GrainId.Create("log", $"0a1b2c3d4e5f60718293a4b5c6d7e8f9/7/chunk/{number:D12}");

    public static Task WriteAsync(this FileGrainStorage store, GrainId id, ReadOnlyMemory<byte> bytes)
        => store.WriteStateAsync("loire", id, new GrainState<StoredObject> { State = new StoredObject { Pieces = [bytes] } });

    public static void Print(string what, string figure, string bare, double ratio, string target)
        => Console.WriteLine($"{what,-46} {figure,14} {bare,14} {ratio,7:F2}   {target}");

    public static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
