using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Loire.Kafka.Ecosystem.Tests;

/// <summary>As much of a schema registry as clients need: schemas get ids, and are found by them. Every schema is its subject's first version.</summary>
internal sealed class MemoryRegistry : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, int> _ids = new();
    private readonly ConcurrentDictionary<string, byte> _subjects = new();
    private readonly WebApplication _app;

    private MemoryRegistry()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapPost("/subjects/{subject}/versions", (string subject, JsonElement body) => Register(subject, body));
        _app.MapPost("/subjects/{subject}", (string subject, JsonElement body) => Register(subject, body));
        _app.MapGet("/schemas/ids/{id:int}", (int id) => _ids.FirstOrDefault(one => one.Value == id).Key is { } schema
            ? Results.Json(new { schema, schemaType = "AVRO" })
            : Results.Json(new { error_code = 40403, message = "no such schema" }, statusCode: 404));
        _app.MapFallback(() => Results.Json(new { error_code = 40401, message = "not served" }, statusCode: 404));
    }

    public string Url => _app.Urls.Single();

    public IEnumerable<string> Subjects => _subjects.Keys.Order();

    public static async Task<MemoryRegistry> StartAsync()
    {
        var registry = new MemoryRegistry();
        await registry._app.StartAsync();
        return registry;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IResult Register(string subject, JsonElement body)
    {
        var schema = body.GetProperty("schema").GetString()!;
        _subjects.TryAdd(subject, 0);
        return Results.Json(new { id = _ids.GetOrAdd(schema, _ => _ids.Count + 1), subject, version = 1, schema });
    }
}
