using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Players;
using Loire.Kafka.Replay.Recordings;

namespace Loire.Kafka.Replay.Tests;

/// <summary>
/// All scenarios of all areas, played to one node. Most of the time of some is waiting, and no two share a topic or a group, so several are played at a time, those that
/// wait longest first.
/// </summary>
public sealed class PlayedScenarios : IAsyncLifetime
{
    private const int AtATime = 8;

    private readonly Dictionary<JsonObject, TaskCompletionSource<JsonObject>> _played =
        Recording.Areas.Values.SelectMany(area => area).ToDictionary(scenario => scenario!.AsObject(), _ => new TaskCompletionSource<JsonObject>());

    private ReplayNode? _node;
    private Task _playing = Task.CompletedTask;

    /// <summary>What was answered to a scenario of <see cref="Recording.Areas"/>.</summary>
    internal Task<JsonObject> OfAsync(JsonObject scenario) => _played[scenario].Task;

    public async Task InitializeAsync()
    {
        _node = await ReplayNode.StartAsync(ReplayNode.TimeOf(_played.Keys));
        var waiting = new ConcurrentQueue<JsonObject>(_played.Keys.OrderByDescending(scenario => scenario.Items("steps").Sum(step => step.Long("sleepMs", 0))));
        _playing = Task.WhenAll(Enumerable.Range(0, AtATime).Select(async _ =>
        {
            while (waiting.TryDequeue(out var scenario))
            {
                using var wire = new WirePlayer(_node.Kafka);
                try
                {
                    _played[scenario].SetResult(await new ScenarioPlayer(wire).PlayAsync(scenario));
                }
                catch (Exception failure)
                {
                    // Its test fails, and the others are played all the same.
                    _played[scenario].SetException(failure);
                }
            }
        }));
    }

    public async Task DisposeAsync()
    {
        await _playing;
        await _node!.DisposeAsync();
    }
}
