namespace Loire.Log;

/// <summary>
/// Lists what a grain storage holds, which <c>IGrainStorage</c> itself cannot. A store offers it beside its <c>IGrainStorage</c>; logs work without
/// one, but what damage hides from their heads is then neither found nor deleted.
/// </summary>
public interface IObjectListing
{
    /// <summary>
    /// Lists the ids of the grains that have a state, in no order. What exists during the whole enumeration is listed once; what is created
    /// or deleted meanwhile may be listed or not. An object whose bytes are damaged is listed like any other.
    /// </summary>
    /// <param name="stateName">The name of the state.</param>
    /// <param name="prefix">How the text of a listed id begins; empty for all.</param>
    /// <param name="cancellation">Ends the enumeration.</param>
    IAsyncEnumerable<string> ListAsync(string stateName, string prefix, CancellationToken cancellation);
}
