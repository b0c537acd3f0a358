using System.Collections.Immutable;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// The assignors of brokers in the newer protocol of consumers, by Kafka's names: <c>uniform</c>, the default, is Loire's cooperative sticky one. A member accepts both and
/// prefers the one that it names, so that members with different ones share a group, as in Kafka.
/// </summary>
internal static class ServerAssignors
{
    private const string Uniform = "uniform";
    private const string Range = "range";
    private const string Sticky = "cooperative-sticky";

    /// <summary>What a member lists that names an assignor; null for the default. False if there is none of that name.</summary>
    public static bool TryRead(string? name, out ImmutableArray<string> listed)
    {
        listed = name switch
        {
            null or Uniform => [Sticky, Range],
            Range => [Range, Sticky],
            _ => [],
        };
        return listed.Length > 0;
    }

    /// <summary>Kafka's name of the assignor that a group uses.</summary>
    public static string Name(string assignor) => assignor is Sticky or "" ? Uniform : assignor;
}
