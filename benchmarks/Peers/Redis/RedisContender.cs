using System.Diagnostics;
using System.Globalization;
using System.Text;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Redis;

/// <summary>Redis Streams: a key is a stream, XADD appends, XRANGE reads on behind the last id.</summary>
internal sealed class RedisContender : Contender
{
    // Redis takes 16 KB of each connection between two syncs, so one connection alone would hold it back.
    private const int MinProducers = 16;
    private const int EntriesPerRead = 1_000;

    private readonly ServerProcess _server;
    private readonly string _appendFsync;
    private readonly bool _isAlone;

    private RedisContender(ServerProcess server, string data, string appendFsync, bool isAlone) =>
        (_server, Data, _appendFsync, _isAlone) = (server, data, appendFsync, isAlone);

    public override string Name => $"Redis Streams, {_appendFsync}{(_isAlone ? ", 1 connection" : "")}";

    public override string Guarantee => (_appendFsync == "always"
        ? "synced before it is acknowledged (all commands of one turn of the event loop share a write and a sync)."
        : "acknowledged from memory and written; synced once a second, so a power cut takes up to the last second or two.")
        + " RDB snapshots and rewriting of the append-only file are off, which favours it. Everything stays in memory, and is read from there."
        + $" Batched: {(_isAlone ? "one pipelining connection" : $"at least {MinProducers} pipelining connections")}."
        + $" Read with XRANGE COUNT {EntriesPerRead}, without a group.";

    public override Process? Server => _server.Process;

    public override string Data { get; }

    public static async Task<RedisContender> StartAsync(string program, string directory, string appendFsync)
    {
        var data = Directory.CreateDirectory(Path.Combine(directory, "redis-" + appendFsync)).FullName;
        var server = await ServerProcess.StartAsync(
            program,
            port => ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", data, "--save", "", "--appendonly", "yes", "--appendfsync", appendFsync,
                "--auto-aof-rewrite-percentage", "0", "--daemonize", "no"],
            data + ".log");
        return new RedisContender(server, data, appendFsync, isAlone: false);
    }

    /// <summary>The same server with one connection to a stream, as Loire and NATS have it.</summary>
    public RedisContender Alone() => new(_server, Data, _appendFsync, isAlone: true);

    public override int Producers(Work work) => _isAlone ? 1 : Math.Max(MinProducers, work.Streams);

    public override bool TakesPartIn(Work work) => !_isAlone || work is { IsBatched: true, Streams: 1 };

    public override Task BeginAsync(Work work) => Task.CompletedTask;

    public override async Task EndAsync(Work work)
    {
        using var wire = await Wire.ConnectAsync(_server.Port);
        wire.Write("*1\r\n$8\r\nFLUSHALL\r\n"u8);
        await wire.FlushAsync(default);
        while (Resp.TakeReplies(wire) == 0)
        {
            await wire.ReceiveAsync(default);
        }
    }

    public override async Task<Producer> ConnectProducerAsync(Work work, int stream) =>
        new RedisProducer(await Wire.ConnectAsync(_server.Port), work, Key(stream));

    public override async Task ConsumeAsync(Work work, int stream, int records, Tally tally)
    {
        using var wire = await Wire.ConnectAsync(_server.Port);
        var key = Key(stream);
        var from = "-";
        while (tally.Records < records)
        {
            wire.Write(Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"*6\r\n$6\r\nXRANGE\r\n${key.Length}\r\n{key}\r\n${from.Length}\r\n{from}\r\n$1\r\n+\r\n$5\r\nCOUNT\r\n$4\r\n{EntriesPerRead}\r\n")));
            await wire.FlushAsync(default);
            int entries;
            while (!Resp.TryTakeArray(wire, out entries))
            {
                await wire.ReceiveAsync(default);
            }

            if (entries == 0)
            {
                throw new InvalidDataException($"The stream ends after {tally.Records} of {records} records.");
            }

            for (var i = 0; i < entries; i++)
            {
                while (!Resp.TryTakeEntry(wire, tally, isLast: i == entries - 1, ref from))
                {
                    await wire.ReceiveAsync(default);
                }
            }
        }
    }

    public override ValueTask DisposeAsync() => _server.DisposeAsync();

    private static string Key(int stream) => string.Create(CultureInfo.InvariantCulture, $"s{stream:00}");
}
