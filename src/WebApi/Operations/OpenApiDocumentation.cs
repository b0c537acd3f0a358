using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Loire.WebApi.Operations;

/// <summary>
/// Completes the OpenAPI document with what signatures do not say: path parameters, and the query, bodies and answers of handlers that
/// negotiate.
/// </summary>
internal static class OpenApiDocumentation
{
    public const string DocumentName = "v1";

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Loire";
            document.Info.Version = "v1";
            document.Info.Description =
                "A streaming service with Kafka's semantics: topics, partitions, records, offsets. Errors are RFC 9457 problem documents "
                + "with Kafka's error_code and code. All numbers of 64 bits are JSON numbers; offsets stay below 2^53 for longer than "
                + "any log will live.";
            document.Servers = [];
            return Task.CompletedTask;
        });
        // Only the API: a host that embeds a node has endpoints of its own.
        options.ShouldInclude = described => described.ActionDescriptor.EndpointMetadata.OfType<OperationId>().Any();
        options.AddSchemaTransformer((schema, _, _) =>
        {
            // The host's own options for JSON let numbers be text, which the API neither takes nor writes.
            if (schema.Type is { } type && type.HasFlag(JsonSchemaType.String) && (type & (JsonSchemaType.Integer | JsonSchemaType.Number)) != 0)
            {
                schema.Type = type & ~JsonSchemaType.String;
                schema.Pattern = null;
            }

            return Task.CompletedTask;
        });
        options.AddOperationTransformer(async (operation, context, aborted) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            operation.OperationId = metadata.OfType<OperationId>().Last().Value;
            operation.Parameters ??= [];
            foreach (var described in context.Description.ParameterDescriptions)
            {
                // The path's are described below for all handlers alike, and what binds itself is a body.
                if (described.Source != BindingSource.Query)
                {
                    operation.Parameters = [.. operation.Parameters.Where(parameter => parameter.Name != described.Name)];
                }
            }

            var place = 0;
            foreach (var name in RouteNames(context.Description.RelativePath ?? ""))
            {
                operation.Parameters.Insert(place++, PathParameter(name));
            }

            foreach (var parameter in metadata.OfType<QueryParameters>().LastOrDefault()?.All ?? [])
            {
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = parameter.Name,
                    In = ParameterLocation.Query,
                    Description = parameter.Description,
                    Schema = parameter.Schema,
                });
            }

            if (metadata.OfType<BodyTypes>().LastOrDefault() is { } bodies)
            {
                operation.RequestBody = new OpenApiRequestBody
                {
                    Required = !bodies.IsOptional,
                    Content = Contents(bodies.MediaTypes, await ReferenceAsync(bodies.Shape, context, aborted), isBody: true),
                    Description = bodies.Meaning,
                };
            }

            if (metadata.OfType<AnswerTypes>().LastOrDefault() is { } answers)
            {
                operation.Responses ??= [];
                operation.Responses["200"] = new OpenApiResponse
                {
                    Description = answers.Meaning ?? "OK",
                    Content = Contents(answers.MediaTypes, await ReferenceAsync(answers.Shape, context, aborted), isBody: false),
                };
            }
        });
    }

    /// <summary>A reference to the schema of a type, which the document contains once under the type's name; or an array of those.</summary>
    private static async Task<IOpenApiSchema> ReferenceAsync(Type type, OpenApiOperationTransformerContext context, CancellationToken aborted)
    {
        if (type.GetElementType() is { } element)
        {
            return new OpenApiSchema { Type = JsonSchemaType.Array, Items = await ReferenceAsync(element, context, aborted) };
        }

        var schema = await context.GetOrCreateSchemaAsync(type, parameterDescription: null, aborted);
        context.Document!.AddComponent(type.Name, schema);
        return new OpenApiSchemaReference(type.Name, context.Document);
    }

    private static IEnumerable<string> RouteNames(string path)
    {
        foreach (var part in path.Split('/'))
        {
            // An action such as :drain may follow the name.
            if (part.StartsWith('{') && part.IndexOf('}') is > 0 and var end)
            {
                yield return part[1..end];
            }
        }
    }

    private static OpenApiParameter PathParameter(string name) => new()
    {
        Name = name,
        In = ParameterLocation.Path,
        Required = true,
        Description = name switch
        {
            "topic" => "The name of the topic.",
            "group" => "The id of the group, percent-encoded.",
            "transaction" => "The transactional id, percent-encoded.",
            "member" => "The id of the member, as its creation answered it.",
            "instance" => "The name of the consumer instance.",
            "partition" => "The number of the partition, from 0.",
            "broker" => "The id of the broker.",
            _ => "The name of the setting.",
        },
        Schema = name is "partition" or "broker"
            ? new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "0" }
            : new OpenApiSchema { Type = JsonSchemaType.String },
    };

    private static Dictionary<string, OpenApiMediaType> Contents(string[] mediaTypes, IOpenApiSchema document, bool isBody) =>
        mediaTypes.ToDictionary(type => type, type => new OpenApiMediaType
        {
            Schema = MediaTypes.IsDocument(type) ? document : new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Format = type is MediaTypes.Raw or MediaTypes.Batches ? "binary" : null,
                Description = Meaning(type, isBody),
            },
        });

    private static string Meaning(string type, bool isBody) => (type, isBody) switch
    {
        (MediaTypes.Ndjson, true) => "One record a line, as in the JSON form; acknowledgements stream back while the upload goes on.",
        (MediaTypes.Text, true) => "One record a line. Only LF ends a line.",
        (MediaTypes.Batches, true) => "Kafka record batches of format 2 for the partition that the query names.",
        (_, true) => "The body is the value of one record. Headers: Record-Key, Record-Timestamp, Record-Header-NAME.",
        (MediaTypes.Ndjson, false) => "One record, or one acknowledgement, a line.",
        (MediaTypes.Text, false) => "One value a line; Next-Offset says where to go on.",
        (MediaTypes.EventStream, false) => "Events records, heartbeat and error; the id of an event is the token for Last-Event-ID.",
        (MediaTypes.Batches, false) => "Kafka record batches of format 2 as they were appended; "
            + "the first may begin before the asked offset.",
        _ => "The value of one record as it is.",
    };
}
