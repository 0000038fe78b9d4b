using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using SyncCluster.Overview;

namespace SyncCluster.Gateway.OpenApi;

/// <summary>Adds to the document what belongs to no single route: <c>document.json</c>.</summary>
internal sealed class DocumentTransformer : IOpenApiDocumentTransformer
{
    private static readonly OpenApiDocument Described = Read();

    /// <summary>The components that the operations refer to.</summary>
    public static OpenApiComponents Components => Described.Components!;

    /// <inheritdoc/>
    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo(Described.Info) { Version = ProductVersion.Text };
        document.Servers = Described.Servers;
        document.Tags = Described.Tags;
        var refusals = document.Components?.Examples ?? new Dictionary<string, IOpenApiExample>();
        document.Components = new OpenApiComponents(Components)
        {
            Examples = Components.Examples!.Concat(refusals).ToDictionary(StringComparer.Ordinal),
        };
        return Task.CompletedTask;
    }

    private static OpenApiDocument Read()
    {
        using var json = typeof(DocumentTransformer).Assembly.GetManifestResourceStream("document.json")!;
        using var reader = new StreamReader(json);
        var (document, diagnostic) = OpenApiDocument.Parse(reader.ReadToEnd(), OpenApiConstants.Json);
        return diagnostic is { Errors.Count: 0 }
            ? document!
            : throw new InvalidOperationException($"document.json: {string.Join("; ", diagnostic!.Errors)}");
    }
}
