using Loire.Model;

// Model carries only the serialization attributes, so that a client over HTTP does not load Orleans; the serializers of its types are made here.
[assembly: GenerateCodeForDeclaringAssembly(typeof(Offset))]
