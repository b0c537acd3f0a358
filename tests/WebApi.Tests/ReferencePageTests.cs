using System.Text;
using System.Text.Json;
using Loire.Model;
using Loire.TestKit;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Tests;

/// <summary>Pages of the reference that are made from what the API does.</summary>
public sealed class ReferencePageTests
{
    private const string ErrorsIntro = """
        # Errors

        Loire's errors have the numbers, names and meanings of Kafka's. Over HTTP they are documents of RFC 9457 (`application/problem+json`) with the name in `code`, the number in
        `error_code`, and `retriable`; in Kafka's protocol they are the number alone, or what its clients understand in that place; the .NET client throws `LoireException` with `Code`. What is worth a retry may
        succeed if the same is asked again a little later.

        | number | name | HTTP | worth a retry | meaning |
        |---:|---|---:|---|---|

        """;

    private const string RoutesIntro = """
        # Routes of the HTTP API

        `GET /openapi/v1.json` of a node has all of it for generators of clients, with schemas, parameters and errors; here is what there is. What an operation answers beside the statuses of
        success is in [errors.md](errors.md).

        | route | operation | parameters |
        |---|---|---|

        """;

    [Fact]
    public void The_page_of_errors_is_that_of_the_table()
    {
        var page = new StringBuilder(ErrorsIntro);
        foreach (var code in Enum.GetValues<ErrorCode>().Order())
        {
            var error = ErrorCodes.Describe(code);
            page.Append($"| {(short)code} | `{error.Name}` | {ErrorStatus.Of(code)} | {(error.Retriable ? "yes" : "")} | {error.Text} |\n");
        }

        Assert.Null(ReferencePage.Problem("errors.md", page.ToString()));
    }

    [Fact]
    public async Task The_page_of_routes_is_that_of_the_document()
    {
        await using var host = await ApiHost.StartAsync();
        var document = JsonDocument.Parse((await host.GetAsync("/openapi/v1.json")).Body).RootElement;
        var page = new StringBuilder(RoutesIntro);
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject().Where(operation => operation.Value.TryGetProperty("operationId", out _)))
            {
                var summary = operation.Value.TryGetProperty("summary", out var text) ? text.GetString() : operation.Value.GetProperty("operationId").GetString();
                IEnumerable<string?> parameters = operation.Value.TryGetProperty("parameters", out var listed)
                    ? listed.EnumerateArray().Where(parameter => parameter.TryGetProperty("in", out var place) && place.GetString() == "query")
                        .Select(parameter => parameter.GetProperty("name").GetString())
                    : [];
                page.Append($"| `{operation.Name.ToUpperInvariant()} {path.Name}` | {summary} | {string.Join(", ", parameters.Select(name => $"`{name}`"))} |\n");
            }
        }

        Assert.Null(ReferencePage.Problem("http-routes.md", page.ToString()));
    }
}
