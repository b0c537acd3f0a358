using Loire.KafkaGenerator.Schema;

namespace Loire.KafkaGenerator.Code;

/// <summary>The code of the registry.</summary>
internal static class ApiCode
{
    public static string Keys(IReadOnlyList<Api> apis)
    {
        var source = new SourceText();
        source.Line("namespace Loire.Kafka.Protocol.Apis;");
        source.Line();
        source.Summary("The numbers of the APIs that clients use.");
        source.Block("public enum ApiKey : short", () =>
        {
            foreach (var api in apis)
            {
                source.Summary($"Versions {Versions(api.Versions)}.");
                source.Line($"{api.Name} = {api.Key},");
            }
        });
        return source.ToString();
    }

    public static string Table(IReadOnlyList<Api> apis)
    {
        var source = new SourceText();
        source.Line("using Loire.Kafka.Protocol.Messages;");
        source.Line();
        source.Line("namespace Loire.Kafka.Protocol.Apis;");
        source.Line();
        source.Block("internal static class ApiTable", () =>
        {
            source.Line("// Key, lowest, highest and highest stable version, first flexible version.");
            source.Line("public static readonly KafkaApi[] Rows =");
            source.Line("[");
            foreach (var api in apis)
            {
                var stable = api.Unstable is { } unstable ? unstable - 1 : api.Versions.Last;
                var flexible = api.Request.FlexibleFrom?.ToString() ?? "short.MaxValue";
                source.Line($"    new(ApiKey.{api.Name}, {api.Versions.First}, {api.Versions.Last}, {stable}, {flexible}, static () => new {api.Request.Name}(), static () => new {api.Response.Name}()),");
            }

            source.Line("];");
        });
        return source.ToString();
    }

    private static string Versions(VersionRange range) => range.First == range.Last ? $"{range.First}" : $"{range.First} to {range.Last}";
}
