namespace Loire.WebApi.Requests;

/// <summary>
/// Describes the body of an endpoint. ASP.NET's own metadata would also route by it, and so refuse a type without saying which one to send.
/// </summary>
/// <param name="MediaTypes">The types that the OpenAPI document lists.</param>
/// <param name="Shape">The shape of those that are JSON documents.</param>
/// <param name="Meaning">Explains the body; null for the explanation of each type.</param>
internal sealed record BodyTypes(string[] MediaTypes, Type Shape, string? Meaning = null)
{
    /// <summary>Whether the endpoint works without a body.</summary>
    public bool IsOptional { get; init; }
}
