namespace Loire.WebApi;

/// <summary>Bounds of the HTTP API.</summary>
public sealed class LoireApiOptions
{
}
