// Calls the service through the client that oapi-codegen has made, and prints what it understood.
package main

import (
	"client/products"
	"context"
	"encoding/json"
	"log"
	"os"
)

type understood struct {
	Code   string   `json:"code"`
	Fields []string `json:"fields"`
	Trace  bool     `json:"trace"`
	ID     *int64   `json:"id,omitempty"`
}

func understand(body *products.ErrorBody) understood {
	fields := []string{}
	if body.Issues != nil {
		for _, issue := range *body.Issues {
			fields = append(fields, issue.Path)
		}
	}
	return understood{string(body.Code), fields, body.TraceId != nil, body.ProductId}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func ids(list *products.ProductList) []int64 {
	found := []int64{}
	for _, product := range *list {
		found = append(found, product.Id)
	}
	return found
}

func main() {
	ctx := context.Background()
	client := must(products.NewClientWithResponses(os.Args[1]))
	everything := must(client.ProductsListWithResponse(ctx, nil)).JSON200
	limit := 3
	first := ids(must(client.ProductsListWithResponse(ctx, &products.ProductsListParams{Limit: &limit})).JSON200)
	next := &products.ProductsListParams{Limit: &limit, After: &first[len(first)-1]}
	second := ids(must(client.ProductsListWithResponse(ctx, next)).JSON200)
	wanted := products.NewProduct{Name: "Crème", Price: 2899.99, Category: "Épicerie"}
	created := must(client.ProductsCreateWithResponse(ctx, wanted)).JSON201
	found := must(client.ProductsByIdWithResponse(ctx, created.Id)).JSON200
	refused := must(client.ProductsCreateWithResponse(ctx, products.NewProduct{Name: "", Price: -1, Category: "x"})).JSON400
	missing := must(client.ProductsByIdWithResponse(ctx, 987654321)).JSON404
	lonely := must(products.NewClientWithResponses(os.Args[2]))
	unavailable := must(lonely.ProductsListWithResponse(ctx, nil)).JSON503

	printed := map[string]any{
		"list":        len(*everything),
		"pages":       [][]int64{first, second},
		"created":     products.NewProduct{Name: created.Name, Price: created.Price, Category: created.Category},
		"isFound":     *found == *created,
		"refused":     understand(refused),
		"missing":     understand(missing),
		"unavailable": understand(unavailable),
	}
	if err := json.NewEncoder(os.Stdout).Encode(printed); err != nil {
		log.Fatal(err)
	}
}
