using Scalar.AspNetCore;

namespace SyncCluster.Gateway.Docs;

/// <summary>The OpenAPI document and a page to read it.</summary>
internal static class DocsEndpoints
{
    public static IServiceCollection AddDocs(this IServiceCollection services) => services.AddOpenApi(options =>
    {
        // A HEAD is its GET without the body.
        options.ShouldInclude = route => !HttpMethods.IsHead(route.HttpMethod!);
        options.AddOperationTransformer<DescribedOperation>();
        options.AddDocumentTransformer<DescribedDocument>();
    });

    public static void MapDocs(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi("/openapi/{documentName}.json").ExcludeFromDescription();
        routes.MapScalarApiReference("/docs", options => options.WithTitle("SyncCluster"));
    }
}
