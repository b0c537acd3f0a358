using System.Globalization;
using Loire.Log;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Storage.Tests.Processes;

/// <summary>
/// What the test assembly does when it is started as a program of its own: it owns a store, says on its standard output what was
/// acknowledged, and gets killed or lied to by the operating system.
/// </summary>
internal static class ChildProgram
{
    public const int Writers = 4;

    public static async Task<int> Main(string[] arguments)
    {
        var (verb, directory) = (arguments[0], arguments[1]);
        try
        {
            await using var store = await FileGrainStorage.OpenAsync(Options(directory), TimeProvider.System, NullLogger.Instance);
            Say("open");
            switch (verb)
            {
                case "hold":
                    await Console.In.ReadLineAsync();
                    break;
                case "load":
                    var operations = int.Parse(arguments[3], CultureInfo.InvariantCulture);
                    await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => LoadAsync(store, $"{arguments[2]}-{writer}", operations))));
                    break;
                case "count":
                    await CountAsync(store, int.Parse(arguments[2], CultureInfo.InvariantCulture));
                    break;
            }

            Say($"health {store.Health.Condition}");
            return 0;
        }
        catch (IOException e)
        {
            Say($"refused {e.Message}");
            return 1;
        }
    }

    public static FileStoreOptions Options(string directory) => new() { Directory = directory, FileBytes = 256 * 1024, CheckpointBytes = 128 * 1024 };

    /// <summary>The value that a writer's operation puts; null if it deletes.</summary>
    public static (string Key, byte[]? Value) Operation(string writer, int number)
    {
        var random = new Random((number * 7919) + writer[^1]);
        var key = $"{writer}-{random.Next(10)}";
        if (random.Next(5) == 0)
        {
            return (key, null);
        }

        var value = new byte[random.Next(8, 6_000)];
        random.NextBytes(value);
        BitConverter.TryWriteBytes(value, number);
        return (key, value);
    }

    private static async Task LoadAsync(FileGrainStorage store, string writer, int operations)
    {
        var etags = new Dictionary<string, string?>();
        for (var i = 0; i < operations; i++)
        {
            var (key, value) = Operation(writer, i);
            if (value is null)
            {
                await store.ClearAsync(key, etags.GetValueOrDefault(key));
                etags[key] = null;
            }
            else
            {
                etags[key] = await store.WriteAsync(key, value, etags.GetValueOrDefault(key));
            }

            Say($"ack {writer} {i}");
        }
    }

    private static async Task CountAsync(FileGrainStorage store, int writes)
    {
        for (var i = 0; i < writes; i++)
        {
            try
            {
                await store.WriteAsync($"count-{i}", BitConverter.GetBytes(i));
                Say($"ack count {i}");
            }
            catch (Exception e) when (e is StorageBrokenException or StorageFullException)
            {
                Say($"error {i} {e.GetType().Name}");
            }
        }

        foreach (var i in Enumerable.Range(0, writes))
        {
            Say($"read {i} {await store.ReadAsync($"count-{i}") is not null}");
        }
    }

    private static void Say(string line)
    {
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}
