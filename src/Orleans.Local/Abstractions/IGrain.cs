using Orleans.Runtime;

namespace Orleans;

/// <summary>
/// A grain as its callers see it. A grain interface derives from this by way of one of the interfaces that say what its key is.
/// </summary>
public interface IGrain : IAddressable;

/// <summary>A grain whose key is text.</summary>
public interface IGrainWithStringKey : IGrain;

/// <summary>A grain whose key is a <see cref="Guid"/>.</summary>
public interface IGrainWithGuidKey : IGrain;

/// <summary>A grain whose key is a number.</summary>
public interface IGrainWithIntegerKey : IGrain;
