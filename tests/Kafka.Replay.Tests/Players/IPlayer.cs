using System.Text.Json.Nodes;

namespace Loire.Kafka.Replay.Tests.Players;

/// <summary>What the scenarios are played to.</summary>
internal interface IPlayer
{
    /// <summary>Answers a request.</summary>
    /// <param name="connection">Requests of one connection are sent in the order of the calls.</param>
    /// <param name="clientId">What the client calls itself.</param>
    /// <param name="api">Kafka's name of the request.</param>
    /// <param name="version">The version of request and answer.</param>
    /// <param name="body">The request, by the names of Kafka's schemas; bytes and records are base64.</param>
    /// <returns>The answer, which may have more fields than the version; null if there is no such request here.</returns>
    Task<JsonNode?> AskAsync(string connection, string clientId, string api, int version, JsonObject body);
}
