using System.Net;
using System.Text.Json.Nodes;

namespace Loire.Kafka.Replay.Players;

/// <summary>A client with a connection for each name. One that was closed is opened again by the next request.</summary>
/// <param name="node">Where the node serves Kafka's clients.</param>
internal sealed class WirePlayer(IPEndPoint node) : IDisposable
{
    /// <summary>How long an answer may take where nothing else is said: longer than any member waits for the others of its group in a recording.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, Task<WireConnection>> _connections = new(StringComparer.Ordinal);
    private int _correlation;

    /// <summary>Asks, and waits for the answer.</summary>
    /// <param name="connection">Requests of one connection are sent in the order of the calls, once it is open.</param>
    /// <param name="api">Kafka's name of the request.</param>
    /// <param name="version">The version of request and answer.</param>
    /// <param name="body">The request, by the names of Kafka's schemas; bytes and records are base64.</param>
    /// <returns>The answer, or a text that says why there is none.</returns>
    public async Task<JsonNode> AskAsync(string connection, string api, int version, JsonObject body) =>
        await (await SendAsync(connection, api, version, body, [])).WaitAsync(Patience);

    /// <summary>Sends a request.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="api">Kafka's name of the request.</param>
    /// <param name="version">The version.</param>
    /// <param name="body">The fields.</param>
    /// <param name="step">The step, which may say more of how the request is written.</param>
    /// <exception cref="ArgumentException">The codec does not know the API, or the body does not fit it.</exception>
    public Task<PendingAnswer> SendAsync(string connection, string api, int version, JsonObject body, JsonObject step) =>
        SendAsync(connection, WireRequest.Of(api, (short)version, Interlocked.Increment(ref _correlation), body, step));

    /// <summary>Sends bytes that are no request, or one that was written elsewhere.</summary>
    public async Task<PendingAnswer> SendAsync(string connection, WireRequest request)
    {
        var answer = new PendingAnswer(request);
        (await OpenAsync(connection)).Send(request.Bytes, answer);
        return answer;
    }

    /// <summary>Whether the broker has closed a connection that has been used.</summary>
    public bool IsClosed(string connection) => _connections.TryGetValue(connection, out var open) && IsClosed(open);

    /// <summary>Closes a connection.</summary>
    public async Task CloseAsync(string connection)
    {
        if (_connections.Remove(connection, out var closed))
        {
            (await closed).Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var connection in _connections.Values.Where(open => open.IsCompletedSuccessfully))
        {
            connection.Result.Dispose();
        }
    }

    private static bool IsClosed(Task<WireConnection> connection) => connection is { IsCompletedSuccessfully: true, Result.IsClosed: true };

    private Task<WireConnection> OpenAsync(string name)
    {
        if (!_connections.TryGetValue(name, out var connection) || IsClosed(connection))
        {
            _connections[name] = connection = WireConnection.OpenAsync(node);
        }

        return connection;
    }
}
